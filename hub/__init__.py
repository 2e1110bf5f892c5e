"""The server: the public OCPI door, registration, the store. Imports routing."""
