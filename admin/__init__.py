"""The office: the admin door, its JSON API and web view. Imports hub and routing."""
