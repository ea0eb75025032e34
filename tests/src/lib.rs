//! Whole-system tests, golden vectors and benchmarks of Rounds.
