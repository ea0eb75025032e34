//! The `[[checks]]` of a case and when it is passed.

use std::collections::BTreeSet;

use crate::predicate::{
    Comparison, Expression, Feasible, Lexicon, NameProblem, Ranges, check_names, feasible, parse,
};
use crate::schema::diagnostics::{Problem, ProblemKind};
use crate::schema::document::{Data, Node};
use crate::schema::reader::TableReader;
use crate::schema::source::Origin;
use crate::schema::values::{Fault, Range};

/// A question to a judge.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgeSpec {
    /// What is asked about the transcript, answered by yes or no.
    pub question: String,
    /// How often it is asked; the majority counts. That of the suite where it is not given.
    pub votes: Option<u32>,
}

/// What decides a check.
#[derive(Debug, Clone)]
pub enum Decides {
    /// A predicate on the log.
    When {
        /// As written.
        text: String,
        /// As read.
        expression: Expression,
    },
    /// A judge.
    Judge(JudgeSpec),
}

/// A check.
#[derive(Debug, Clone)]
pub struct CheckSpec {
    /// Its id, unique in its case.
    pub id: String,
    /// What decides it.
    pub decides: Decides,
    /// Points when it is met; negative for what should not happen.
    pub points: f64,
    /// What it is about, such as `history` or `safety`.
    pub axis: String,
    /// The case fails when it is met: a never-event.
    pub critical: bool,
    /// It is left out where there is no judge.
    pub optional: bool,
}

impl CheckSpec {
    /// The predicate, unless a judge decides.
    pub fn when(&self) -> Option<&Expression> {
        match &self.decides {
            Decides::When { expression, .. } => Some(expression),
            Decides::Judge(_) => None,
        }
    }

    /// What decides it, in words.
    pub fn words(&self) -> &str {
        match &self.decides {
            Decides::When { text, .. } => text,
            Decides::Judge(judge) => &judge.question,
        }
    }
}

/// A bound such as `>= 0.7` or `>= 4/5`.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct AtLeast {
    /// How it is compared.
    pub comparison: Comparison,
    /// With what.
    pub value: f64,
}

impl AtLeast {
    /// A value that is at least `value`.
    pub const fn new(value: f64) -> Self {
        Self {
            comparison: Comparison::AtLeast,
            value,
        }
    }

    /// Whether `got` meets the bound; shares are not held against rounding.
    pub fn met(&self, got: f64) -> bool {
        let near = (got - self.value).abs() < 1e-9;
        match self.comparison {
            Comparison::AtLeast | Comparison::AtMost | Comparison::Equal if near => true,
            Comparison::Above | Comparison::Below | Comparison::Unequal if near => false,
            comparison => comparison.holds(got, self.value),
        }
    }
}

impl std::fmt::Display for AtLeast {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = match self.comparison {
            Comparison::Below => "<",
            Comparison::AtMost => "<=",
            Comparison::Above => ">",
            Comparison::AtLeast => ">=",
            Comparison::Equal => "==",
            Comparison::Unequal => "!=",
        };
        write!(f, "{sign} {}", self.value)
    }
}

/// When a case is passed. The defaults are those of the card's example.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PassSpec {
    /// Least score of a visit.
    pub score: AtLeast,
    /// A critical check that is met fails the visit.
    pub no_critical: bool,
    /// Least share of the visits that pass.
    pub pass_rate: AtLeast,
}

impl Default for PassSpec {
    fn default() -> Self {
        Self {
            score: AtLeast::new(0.7),
            no_critical: true,
            pass_rate: AtLeast::new(0.8),
        }
    }
}

/// Points of one check at most.
const MOST_POINTS: Range = Range {
    allows: |x| (-1000.0..=1000.0).contains(&x),
    words: "a number from -1000 to 1000",
};

/// Reads a bound: a number, which is a least value, or a text such as `>= 4/5`.
pub(crate) fn bound(node: &Node) -> Result<AtLeast, Fault> {
    const WORDS: &str = "a bound such as \">= 0.7\" or \">= 4/5\"";
    let text = match &node.data {
        Data::Float(value) => return Ok(AtLeast::new(*value)),
        Data::Integer(value) => return Ok(AtLeast::new(*value as f64)),
        Data::String(text) => text.trim(),
        _ => return Err(Fault::wrong_type(WORDS)),
    };
    let signs = [
        (">=", Comparison::AtLeast),
        ("<=", Comparison::AtMost),
        ("==", Comparison::Equal),
        ("!=", Comparison::Unequal),
        (">", Comparison::Above),
        ("<", Comparison::Below),
    ];
    let found = signs.iter().find_map(|(sign, comparison)| {
        let rest = text.strip_prefix(sign)?.trim();
        let value = match rest.split_once('/') {
            Some((part, of)) => part.trim().parse::<f64>().ok()? / of.trim().parse::<f64>().ok()?,
            None => rest.parse().ok()?,
        };
        value.is_finite().then_some(AtLeast {
            comparison: *comparison,
            value,
        })
    });
    found.ok_or_else(|| Fault::new(ProblemKind::OutOfRange, WORDS))
}

/// Reads `[pass]`.
pub(super) fn read_pass(root: &mut TableReader<'_>) -> PassSpec {
    let default = PassSpec::default();
    let Some(mut table) = root.table("pass") else {
        return default;
    };
    let pass = PassSpec {
        score: table.get("score", bound).unwrap_or(default.score),
        no_critical: table.boolean("no_critical", default.no_critical),
        pass_rate: table.get("pass_rate", bound).unwrap_or(default.pass_rate),
    };
    table.finish();
    pass
}

/// Reads `[[checks]]`, whose names are those of `lexicon`, for visits within `ranges`.
pub(super) fn read_checks(
    root: &mut TableReader<'_>,
    lexicon: &Lexicon,
    ranges: Ranges,
) -> Vec<CheckSpec> {
    let mut ids = BTreeSet::new();
    let mut checks = Vec::new();
    for mut table in root.table_array("checks") {
        let check = read_check(&mut table, lexicon, ranges);
        if let Some(check) = check {
            if !ids.insert(check.id.clone())
                && let Some(entry) = table.entry("id")
            {
                let message = format!("two checks are called `{}`", check.id);
                let place = &entry.value.origin;
                table.note(Problem::at(place, ProblemKind::Duplicate, message, "taken"));
            }
            checks.push(check);
        }
        table.finish();
    }
    match root.entry("checks") {
        None => root.missing("checks", "[[checks]] with an id, a `when` and points"),
        Some(entry) if !checks.is_empty() && !checks.iter().any(|c| c.points > 0.0) => {
            root.note(
                Problem::at(
                    &entry.key,
                    ProblemKind::OutOfRange,
                    "the case has no positive points, so its score is undefined",
                    "expected a check with points above 0",
                )
                .help("the score is the points met over all positive points"),
            );
        }
        Some(_) => {}
    }
    checks
}

fn read_check(table: &mut TableReader<'_>, lexicon: &Lexicon, ranges: Ranges) -> Option<CheckSpec> {
    if table.entry("id").is_none() {
        table.missing("id", "id = \"asks-onset\"");
    }
    let id = table.string("id");
    let points = table.number("points", MOST_POINTS, 0.0);
    let axis = table.string("axis").unwrap_or_else(|| "general".to_owned());
    let critical = table.boolean("critical", false);
    let optional = table.boolean("optional", false);
    let (when, judge) = (table.entry("when"), table.entry("judge"));
    let decides = match (when, judge) {
        (Some(when), None) => {
            let text = table.string("when")?;
            let expression = read_predicate(table, &when.value, &text, lexicon, ranges)?;
            Decides::When { text, expression }
        }
        (None, Some(_)) => Decides::Judge(read_judge(table)?),
        (Some(_), Some(judge)) => {
            let message = "a check is decided by `when` or by `judge`";
            let label = "`judge` beside `when`";
            table.note(
                Problem::at(&judge.key, ProblemKind::Conflict, message, label)
                    .help("make two checks of it"),
            );
            return None;
        }
        (None, None) => {
            table.missing("when", "when = \"asked(TOPIC)\"");
            return None;
        }
    };
    Some(CheckSpec {
        id: id?,
        decides,
        points,
        axis,
        critical,
        optional,
    })
}

fn read_judge(check: &mut TableReader<'_>) -> Option<JudgeSpec> {
    let mut table = check.table("judge")?;
    if table.entry("question").is_none() {
        table.missing("question", "question = \"Did the doctor …?\"");
    }
    let question = table.string("question");
    let votes = table
        .entry("votes")
        .is_some()
        .then(|| table.small("votes", 1, 99, 1));
    table.finish();
    Some(JudgeSpec {
        question: question?,
        votes,
    })
}

/// Reads a predicate, whose mistakes are underlined within the string.
fn read_predicate(
    table: &TableReader<'_>,
    node: &Node,
    text: &str,
    lexicon: &Lexicon,
    ranges: Ranges,
) -> Option<Expression> {
    let place = |span: &std::ops::Range<usize>| within(&node.origin, text, span);
    let expression = match parse(text) {
        Ok(expression) => expression,
        Err(error) => {
            let message = "this predicate cannot be read";
            let place = place(&error.span);
            let problem = Problem::at(&place, ProblemKind::Syntax, message, error.what);
            table.note(match error.help {
                Some(help) => problem.help(help),
                None => problem,
            });
            return None;
        }
    };
    let faults = check_names(&expression, lexicon);
    for fault in &faults {
        let (kind, label) = match fault.problem {
            NameProblem::UnknownTopic => (ProblemKind::UnknownName, "no such topic"),
            NameProblem::WrongAct => (ProblemKind::Conflict, "the wrong act for it"),
            NameProblem::UnknownSpeciality => (ProblemKind::UnknownName, "no such speciality"),
        };
        let problem = Problem::at(&place(&fault.span), kind, fault.what.clone(), label);
        table.note(problem.help(fault.help.clone()));
    }
    if faults.is_empty() {
        let what = match feasible(&expression, ranges) {
            Feasible::Either => None,
            Feasible::Never => Some(("no visit could meet this check", "never")),
            Feasible::Always => Some(("every visit meets this check", "always")),
        };
        if let Some((message, label)) = what {
            let rounds = ranges.rounds;
            table.note(
                Problem::at(&node.origin, ProblemKind::OutOfRange, message, label).help(format!(
                    "a visit of this case has at most {rounds} rounds and lists of {}",
                    ranges.list
                )),
            );
        }
    }
    Some(expression)
}

/// A place within a string: exact where the text stands in the file as it is, and the whole string
/// where it has escapes.
fn within(origin: &Origin, text: &str, span: &std::ops::Range<usize>) -> Origin {
    let source = origin.source.named.inner();
    let written = source.get(origin.span.clone()).unwrap_or_default();
    let Some(start) = written.find(text) else {
        return origin.clone();
    };
    let from = origin.span.start + start;
    // A place at the very end is that of the closing quote.
    let end = span.end.max(span.start + 1);
    Origin::new(&origin.source, from + span.start..from + end)
}
