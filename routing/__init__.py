"""The mail room: decides where an OCPI request goes, and takes it there. Imports nothing else of ours."""
