"""The student's file: header, arrays, checks."""
