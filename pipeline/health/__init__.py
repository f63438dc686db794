"""How cameras do, by what they send: what each usually sends, and what is wrong with one now. Pure rules; the agent `health` runs
them."""
