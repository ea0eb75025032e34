//! What a predicate says, as a tree.

use std::ops::Range;
use std::sync::Arc;

use regex_lite::Regex;

use super::lexicon::plain_name;

/// A name in a predicate, with its place in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// As written.
    pub written: String,
    /// In its plain form, by which names are compared.
    pub plain: String,
    /// Bytes of the predicate.
    pub span: Range<usize>,
}

impl Name {
    /// A name as written.
    pub fn new(written: &str, span: Range<usize>) -> Self {
        Self {
            written: written.to_owned(),
            plain: plain_name(written),
            span,
        }
    }

    /// Whether it stands for every name.
    pub fn is_any(&self) -> bool {
        self.plain == "any"
    }
}

/// How a number is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `==`
    Equal,
    /// `!=`
    Unequal,
}

impl Comparison {
    /// Whether `left` compares so with `right`.
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Below => left < right,
            Self::AtMost => left <= right,
            Self::Above => left > right,
            Self::AtLeast => left >= right,
            Self::Equal => left == right,
            Self::Unequal => left != right,
        }
    }
}

/// A number of a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Number {
    /// Rounds.
    Rounds,
    /// Questions, orders among them.
    Questions,
    /// Orders of tests.
    Orders,
    /// Simulated cost, in US dollars.
    Cost,
    /// Simulated minutes.
    Minutes,
    /// Decisions that the team was asked for.
    Calls,
    /// Most members of the team at one time.
    TeamSize,
}

impl Number {
    /// The words with their numbers.
    pub const NAMES: [(&str, Self); 7] = [
        ("rounds", Self::Rounds),
        ("questions", Self::Questions),
        ("orders", Self::Orders),
        ("cost", Self::Cost),
        ("minutes", Self::Minutes),
        ("calls", Self::Calls),
        ("team_size", Self::TeamSize),
    ];
}

/// How a visit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// With a diagnosis of the team's own accord.
    Diagnosed,
    /// With a diagnosis when the rounds ran out.
    Forced,
    /// With a referral.
    Referred,
    /// Cut by a limit.
    Aborted,
    /// By an error.
    Failed,
}

impl StopReason {
    /// The words with their reasons.
    pub const NAMES: [(&str, Self); 5] = [
        ("diagnosed", Self::Diagnosed),
        ("forced", Self::Forced),
        ("referred", Self::Referred),
        ("aborted", Self::Aborted),
        ("failed", Self::Failed),
    ];
}

/// How closely a diagnosis must meet the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Level {
    /// The same name, an accepted one, or the same code.
    #[default]
    Exact,
    /// The same category of ICD-9-CM.
    Category,
    /// The same chapter of ICD-9-CM.
    Chapter,
}

impl Level {
    /// The words with their levels.
    pub const NAMES: [(&str, Self); 3] = [
        ("exact", Self::Exact),
        ("category", Self::Category),
        ("chapter", Self::Chapter),
    ];
}

/// Whose words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The doctor side.
    Doctor,
    /// The patient side.
    Patient,
}

impl Role {
    /// The words with their roles.
    pub const NAMES: [(&str, Self); 2] = [("doctor", Self::Doctor), ("patient", Self::Patient)];
}

/// Something that happens at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// A question about a topic.
    Asked {
        /// The topic.
        topic: Name,
        /// Who asked.
        by: Option<Name>,
    },
    /// The order of a test.
    Ordered {
        /// The test.
        topic: Name,
        /// Who ordered.
        by: Option<Name>,
    },
    /// An answer about a topic that has content.
    Told(Name),
    /// A diagnosis.
    Diagnosed,
    /// A referral, to somebody or to anybody.
    Referred(Option<Name>),
}

/// A statement without parts.
#[derive(Debug, Clone)]
pub enum Atom {
    /// An act happened.
    Happened(Act),
    /// The first act happened, and the second not before it.
    Before(Act, Act),
    /// An act happened in the first rounds.
    Within(u32, Act),
    /// How often an act happened.
    Count(Act, Comparison, f64),
    /// Something was asked or ordered again.
    Repeated(Option<Name>),
    /// A side's words match.
    Said(Role, Arc<Regex>),
    /// A diagnosis of the list meets the truth, or has a name.
    Diagnosis {
        /// Which places of the list.
        rank: (Comparison, u32),
        /// How closely.
        level: Level,
        /// In place of the truth: a diagnosis of this name.
        name: Option<Name>,
    },
    /// A specialist was of the team.
    Specialist(Name),
    /// A specialist joined after the first team was formed.
    Joined(Name),
    /// A specialist left.
    Left(Name),
    /// A number of the visit.
    Number(Number, Comparison, f64),
    /// How the visit ended, or did not.
    Stopped(StopReason, bool),
    /// The truth was named before the diagnosis.
    Leaked,
}

/// A predicate.
#[derive(Debug, Clone)]
pub enum Expression {
    /// A statement, with its place in the text.
    Atom(Box<Atom>, Range<usize>),
    /// The opposite.
    Not(Box<Expression>),
    /// All of these.
    All(Vec<Expression>),
    /// One of these at least.
    One(Vec<Expression>),
}

impl Expression {
    /// Calls `visit` for every statement, in the order of the text.
    pub fn atoms<'a>(&'a self, visit: &mut impl FnMut(&'a Atom, &'a Range<usize>)) {
        match self {
            Self::Atom(atom, span) => visit(atom, span),
            Self::Not(inner) => inner.atoms(visit),
            Self::All(parts) | Self::One(parts) => {
                for part in parts {
                    part.atoms(visit);
                }
            }
        }
    }
}
