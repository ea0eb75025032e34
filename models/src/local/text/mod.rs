//! From conversations to token ids and from logits to replies.
