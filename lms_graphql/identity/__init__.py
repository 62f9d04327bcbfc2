"""Who somebody is: tokens of other issuers, local accounts and their sessions, tokens for services."""
