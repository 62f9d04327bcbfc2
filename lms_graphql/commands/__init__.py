"""What each command of `lms-graphql` does. `cli` imports a command's module only when called, so help is quick."""
