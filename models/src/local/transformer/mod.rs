//! One Llama-like transformer: configuration, parameters, checkpoints, the differentiable forward pass.
