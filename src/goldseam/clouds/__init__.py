"""One folder for each cloud; they know the language and the ports, and nothing of each other or of the stages."""
