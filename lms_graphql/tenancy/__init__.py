"""Countries, universities, departments; users, members, roles."""
