//! Predicates on the log of a visit: the language of scripted checks.
//!
//! ```text
//! expression  = term { "or" term }            term = factor { "and" factor }
//! factor      = "not" factor | "(" expression ")" | atom
//! atom        = act | "before(" act "," act ")" | "within(" rounds "," act ")"
//!             | "count(" act ")" comparison | "repeated(" [topic] ")"
//!             | "said(" ("doctor" | "patient") "," /regex/ ")"
//!             | "diagnosis(" [rank comparison] ["," "level =" level] ["," "name =" name] ")"
//!             | "specialist(" name ")" ["joined" | "left"]
//!             | "leaked(truth)" | "stop_reason" ("==" | "!=") word | number comparison
//! act         = "asked(" topic [", by =" speciality] ")" | "ordered(" test [", by = …"] ")"
//!             | "told(" topic ")" | "diagnosed()" | "referred(" [to] ")"
//! number      = "rounds" | "questions" | "orders" | "cost" | "minutes" | "calls" | "team_size"
//! comparison  = ("<" | "<=" | ">" | ">=" | "==" | "!=") number
//! ```
//! A topic is a name, bare or in quotes; `any` stands for every one. Everything is decided by the
//! event log alone, so a finished run can be scored again.
//!
//! # Source
//! DynamiCare card, section 10.

mod course;
mod evaluate;
mod expression;
mod feasible;
mod lexicon;
mod names;
mod parse;
mod token;

pub use course::Course;
pub use evaluate::{Holds, evaluate};
pub use expression::{Act, Atom, Comparison, Expression, Level, Name, Number, Role, StopReason};
pub use feasible::{Feasible, Ranges, feasible};
pub use lexicon::{Lexicon, plain_name};
pub use names::{NameFault, NameProblem, check_names};
pub use parse::{ParseError, parse};
