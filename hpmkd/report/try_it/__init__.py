"""The panel of a report in which the shipped student answers, in the reader's browser."""
