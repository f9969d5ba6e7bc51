"""IAM: who may enter the account, and with what."""
