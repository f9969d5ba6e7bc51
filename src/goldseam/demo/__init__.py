"""An embedded, IAM-enforcing cloud with a believable account, so that everything can be tried without a real one."""
