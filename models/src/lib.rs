//! Models behind policies: requests, replies, scripted and replayed language models.
