"""How an explanation is put together: what a rule has to tell, when a wording holds, how its words are written."""
