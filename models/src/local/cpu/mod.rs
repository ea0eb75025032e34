//! Inference on the CPU: kernels whose bits do not depend on the batch, the paged cache, the scheduler.
