//! Names of sections that more than one part of the program must know.

/// Section that holds all that the doctor is told at the start.
pub const OBJECTIVE: &str = "Objective for Doctor";

/// Section of examinations, an open tree of any depth.
pub const EXAMINATIONS: &str = "Physical Examination Findings";

/// Section of tests, an open tree of any depth.
pub const TESTS: &str = "Test Results";
