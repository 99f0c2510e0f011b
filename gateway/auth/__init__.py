"""Who is asking: tokens, the issuers that are believed, and how a refusal is told."""
