"""Words in, words out: argv, files, environment, terminal, exit codes. Nothing here knows a vendor."""
