//! The training loop: objectives, optimizers and hooks are plugins of it.
