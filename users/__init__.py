"""Identity: accounts in Amazon Cognito, verification of its tokens, permissions."""
