// How a plate that was read differs from the wanted one.

const GAP = { text: "", differs: true };

/**
 * Align what was read with what is wanted, which may hold ? (one character) and * (any number). Returns both, character by
 * character; differs marks those that have no equal, and, with no text, where the other has one more.
 * @param {string} read  @param {string} wanted
 * @returns {{read: {text: string, differs: boolean}[], wanted: {text: string, differs: boolean}[]}}
 */
export function compared(read, wanted) {
  const rows = read.length + 1, columns = wanted.length + 1;
  const cost = Array.from({ length: rows }, () => new Array(columns).fill(0));
  const step = (i, j) => (wanted[j - 1] === "*" ? 0 : 1);
  const unlike = (i, j) => (wanted[j - 1] === "*" || wanted[j - 1] === "?" || wanted[j - 1] === read[i - 1] ? 0 : 1);
  const over = (i, j) => (wanted[j - 1] === "*" ? 0 : 1); // a character read that the pattern's star takes
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      if (i === 0 && j === 0) continue;
      cost[i][j] = Math.min(
        i && j ? cost[i - 1][j - 1] + unlike(i, j) : Infinity,
        i ? cost[i - 1][j] + (j ? over(i, j) : 1) : Infinity,
        j ? cost[i][j - 1] + step(i, j) : Infinity,
      );
    }
  }
  const shown = { read: [], wanted: [] };
  for (let i = rows - 1, j = columns - 1; i > 0 || j > 0;) {
    if (i && j && cost[i][j] === cost[i - 1][j - 1] + unlike(i, j)) {
      const differs = unlike(i, j) === 1;
      shown.read.unshift({ text: read[--i], differs });
      shown.wanted.unshift({ text: wanted[--j], differs });
    } else if (i && cost[i][j] === cost[i - 1][j] + (j ? over(i, j) : 1)) {
      const differs = !j || over(i, j) === 1;
      shown.read.unshift({ text: read[--i], differs });
      if (differs) shown.wanted.unshift(GAP);
    } else {
      const differs = step(i, j) === 1;
      shown.wanted.unshift({ text: wanted[--j], differs });
      if (differs) shown.read.unshift(GAP);
    }
  }
  return shown;
}
