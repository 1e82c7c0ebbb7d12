"""The order of a run: split, teach, search, chain, finish, measure."""
