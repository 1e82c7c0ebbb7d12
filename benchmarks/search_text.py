"""What stands before the tables of the search benchmark."""

INTRODUCTION = """# What each sampler costs and loses against the full grid"""
SAID = ""
