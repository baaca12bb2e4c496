"""Teaching a frozen text tower a name: token embeddings in place of words, and how they are learnt."""
