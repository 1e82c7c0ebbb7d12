"""Where the rows of a command come from: a file, a folder of Parquet files, or a database."""
