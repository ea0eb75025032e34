//! Reads a predicate.

use std::ops::Range;
use std::sync::Arc;

use regex_lite::Regex;
use rounds_environments::nearest::nearest;

use super::expression::{Act, Atom, Comparison, Expression, Level, Name, Number, Role, StopReason};
use super::token::{Token, tokens};

/// Why a text is no predicate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct ParseError {
    /// Bytes of the text.
    pub span: Range<usize>,
    /// What was expected and got.
    pub what: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl ParseError {
    pub(super) fn new(span: Range<usize>, what: impl Into<String>) -> Self {
        Self {
            span,
            what: what.into(),
            help: None,
        }
    }

    fn unknown(span: Range<usize>, kind: &str, got: &str, names: &[&str]) -> Self {
        let near = nearest(got, names.iter().copied());
        Self {
            span,
            what: format!("unknown {kind} `{got}`"),
            help: Some(near.map_or_else(
                || format!("expected one of {}", names.join(", ")),
                |near| format!("did you mean `{near}`?"),
            )),
        }
    }
}

/// Calls, other than those of acts.
const CALLS: [&str; 8] = [
    "before",
    "within",
    "count",
    "repeated",
    "said",
    "diagnosis",
    "specialist",
    "leaked",
];
/// Acts.
const ACTS: [&str; 5] = ["asked", "ordered", "told", "diagnosed", "referred"];
/// Nested `not` and parentheses at most.
const DEPTH: usize = 64;

/// Reads a predicate.
///
/// # Errors
/// [`ParseError`] at the first place that does not fit.
pub fn parse(text: &str) -> Result<Expression, ParseError> {
    let tokens = tokens(text)?;
    let mut parser = Parser {
        tokens,
        at: 0,
        end: text.len(),
    };
    let expression = parser.expression(0)?;
    match parser.next() {
        None => Ok(expression),
        Some((token, span)) => Err(ParseError::new(
            span,
            format!("expected `and`, `or` or the end, got {}", token.words()),
        )),
    }
}

struct Parser {
    tokens: Vec<(Token, Range<usize>)>,
    at: usize,
    end: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn next(&mut self) -> Option<(Token, Range<usize>)> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(got)) if got == word);
        self.at += usize::from(found);
        found
    }

    fn sign(&mut self, sign: char) -> bool {
        let found = self.peek() == Some(&Token::Sign(sign));
        self.at += usize::from(found);
        found
    }

    /// What is wrong with the next token.
    fn wrong(&self, expected: &str) -> ParseError {
        match self.tokens.get(self.at) {
            Some((token, span)) => ParseError::new(
                span.clone(),
                format!("expected {expected}, got {}", token.words()),
            ),
            None => ParseError::new(
                self.end..self.end,
                format!("expected {expected}, got the end"),
            ),
        }
    }

    fn expect(&mut self, sign: char) -> Result<Range<usize>, ParseError> {
        let span = self.tokens.get(self.at).map(|(_, span)| span.clone());
        match span {
            Some(span) if self.sign(sign) => Ok(span),
            _ => Err(self.wrong(&format!("`{sign}`"))),
        }
    }

    fn expression(&mut self, depth: usize) -> Result<Expression, ParseError> {
        let mut parts = vec![self.term(depth)?];
        while self.word("or") {
            parts.push(self.term(depth)?);
        }
        Ok(one_or(parts, Expression::One))
    }

    fn term(&mut self, depth: usize) -> Result<Expression, ParseError> {
        let mut parts = vec![self.factor(depth)?];
        while self.word("and") {
            parts.push(self.factor(depth)?);
        }
        Ok(one_or(parts, Expression::All))
    }

    fn factor(&mut self, depth: usize) -> Result<Expression, ParseError> {
        if depth > DEPTH {
            return Err(self.wrong("fewer than 64 nested parts"));
        }
        if self.word("not") {
            return Ok(Expression::Not(Box::new(self.factor(depth + 1)?)));
        }
        if self.sign('(') {
            let inner = self.expression(depth + 1)?;
            self.expect(')')?;
            return Ok(inner);
        }
        let start = self.tokens.get(self.at).map_or(self.end, |(_, s)| s.start);
        let atom = self.atom()?;
        let end = self
            .tokens
            .get(self.at.wrapping_sub(1))
            .map_or(start, |(_, s)| s.end);
        Ok(Expression::Atom(Box::new(atom), start..end))
    }

    fn atom(&mut self) -> Result<Atom, ParseError> {
        let Some(Token::Word(word)) = self.peek().cloned() else {
            return Err(self.wrong("a statement such as asked(…)"));
        };
        let span = self.tokens[self.at].1.clone();
        if ACTS.contains(&word.as_str()) {
            return Ok(Atom::Happened(self.act()?));
        }
        self.at += 1;
        if let Some((_, number)) = Number::NAMES.iter().find(|(name, _)| *name == word) {
            let (comparison, value) = self.comparison()?;
            return Ok(Atom::Number(*number, comparison, value));
        }
        match word.as_str() {
            "stop_reason" => {
                let is = match self.comparison_sign()? {
                    Comparison::Equal => true,
                    Comparison::Unequal => false,
                    _ => return Err(ParseError::new(span, "expected `==` or `!=` after this")),
                };
                Ok(Atom::Stopped(
                    self.choice("reason", &StopReason::NAMES)?,
                    is,
                ))
            }
            "before" => {
                self.expect('(')?;
                let first = self.act()?;
                self.expect(',')?;
                let second = self.act()?;
                self.expect(')')?;
                Ok(Atom::Before(first, second))
            }
            "within" => {
                self.expect('(')?;
                let rounds = self.whole("a number of rounds")?;
                self.expect(',')?;
                let act = self.act()?;
                self.expect(')')?;
                Ok(Atom::Within(rounds, act))
            }
            "count" => {
                self.expect('(')?;
                let act = self.act()?;
                self.expect(')')?;
                let (comparison, value) = self.comparison()?;
                Ok(Atom::Count(act, comparison, value))
            }
            "repeated" => {
                self.expect('(')?;
                let topic = self.optional_name()?;
                self.expect(')')?;
                Ok(Atom::Repeated(topic.filter(|topic| !topic.is_any())))
            }
            "said" => self.said(),
            "diagnosis" => self.diagnosis(),
            "specialist" => {
                self.expect('(')?;
                let name = self.name("a speciality")?;
                self.expect(')')?;
                Ok(if self.word("joined") {
                    Atom::Joined(name)
                } else if self.word("left") {
                    Atom::Left(name)
                } else {
                    Atom::Specialist(name)
                })
            }
            "leaked" => {
                self.expect('(')?;
                if !self.word("truth") {
                    return Err(self.wrong("`truth`"));
                }
                self.expect(')')?;
                Ok(Atom::Leaked)
            }
            _ => {
                let mut names: Vec<&str> = ACTS.iter().chain(&CALLS).copied().collect();
                names.extend(Number::NAMES.iter().map(|(name, _)| *name));
                names.extend(["stop_reason", "not"]);
                Err(ParseError::unknown(span, "statement", &word, &names))
            }
        }
    }

    fn act(&mut self) -> Result<Act, ParseError> {
        let span = self.tokens.get(self.at).map(|(_, span)| span.clone());
        let Some((Token::Word(word), span)) = self.peek().cloned().zip(span) else {
            return Err(self.wrong("an act such as asked(…)"));
        };
        if !ACTS.contains(&word.as_str()) {
            return Err(ParseError::unknown(span, "act", &word, &ACTS));
        }
        self.at += 1;
        self.expect('(')?;
        let act = match word.as_str() {
            "asked" | "ordered" => {
                let topic = self.name("a topic")?;
                let by = self.sign(',').then(|| {
                    if self.word("by") && self.sign('=') {
                        self.name("a speciality")
                    } else {
                        Err(self.wrong("`by = SPECIALITY`"))
                    }
                });
                let by = by.transpose()?;
                if word == "asked" {
                    Act::Asked { topic, by }
                } else {
                    Act::Ordered { topic, by }
                }
            }
            "told" => Act::Told(self.name("a topic")?),
            "referred" => Act::Referred(self.optional_name()?.filter(|to| !to.is_any())),
            _ => Act::Diagnosed,
        };
        self.expect(')')?;
        Ok(act)
    }

    fn said(&mut self) -> Result<Atom, ParseError> {
        self.expect('(')?;
        let role = self.choice("role", &Role::NAMES)?;
        self.expect(',')?;
        let Some((Token::Regex(pattern), span)) = self.next() else {
            self.at -= 1;
            return Err(self.wrong("a regular expression between slashes, such as /fever/i"));
        };
        let regex = Regex::new(&pattern).map_err(|error| {
            let why = error.to_string();
            let why = why.lines().last().unwrap_or_default().trim().to_owned();
            ParseError::new(span, format!("no regular expression: {why}"))
        })?;
        self.expect(')')?;
        Ok(Atom::Said(role, Arc::new(regex)))
    }

    fn diagnosis(&mut self) -> Result<Atom, ParseError> {
        self.expect('(')?;
        let mut rank = (Comparison::AtMost, 10);
        let mut level = Level::default();
        let mut name = None;
        while !self.sign(')') {
            if self.word("rank") {
                let comparison = match self.sign('=') {
                    true => Comparison::Equal,
                    false => self.comparison_sign()?,
                };
                rank = (comparison, self.whole("a place of the list, from 1")?);
            } else if self.word("level") {
                self.expect('=')?;
                level = self.choice("level", &Level::NAMES)?;
            } else if self.word("name") {
                self.expect('=')?;
                name = Some(self.name("the name of a diagnosis")?);
            } else {
                return Err(self.wrong("`rank`, `level`, `name` or `)`"));
            }
            if !self.sign(',') && self.peek() != Some(&Token::Sign(')')) {
                return Err(self.wrong("`,` or `)`"));
            }
        }
        Ok(Atom::Diagnosis { rank, level, name })
    }

    fn name(&mut self, what: &str) -> Result<Name, ParseError> {
        match self.next() {
            Some((Token::Word(text) | Token::Quoted(text), span)) if !text.trim().is_empty() => {
                Ok(Name::new(&text, span))
            }
            _ => {
                self.at -= 1;
                Err(self.wrong(what))
            }
        }
    }

    fn optional_name(&mut self) -> Result<Option<Name>, ParseError> {
        if self.peek() == Some(&Token::Sign(')')) {
            return Ok(None);
        }
        self.name("a name or `)`").map(Some)
    }

    fn choice<T: Copy>(&mut self, kind: &str, names: &[(&str, T)]) -> Result<T, ParseError> {
        let words: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        let Some((Token::Word(word) | Token::Quoted(word), span)) = self.next() else {
            self.at -= 1;
            return Err(self.wrong(&format!("one of {}", words.join(", "))));
        };
        let found = names.iter().find(|(name, _)| *name == word);
        found
            .map(|(_, value)| *value)
            .ok_or_else(|| ParseError::unknown(span, kind, &word, &words))
    }

    fn whole(&mut self, what: &str) -> Result<u32, ParseError> {
        match self.next() {
            Some((Token::Number(n), _)) if n.fract() == 0.0 && (0.0..=1e6).contains(&n) => {
                Ok(n as u32)
            }
            _ => {
                self.at -= 1;
                Err(self.wrong(what))
            }
        }
    }

    fn comparison_sign(&mut self) -> Result<Comparison, ParseError> {
        let comparison = match self.peek() {
            Some(Token::Comparison("<")) => Comparison::Below,
            Some(Token::Comparison("<=")) => Comparison::AtMost,
            Some(Token::Comparison(">")) => Comparison::Above,
            Some(Token::Comparison(">=")) => Comparison::AtLeast,
            Some(Token::Comparison("==")) => Comparison::Equal,
            Some(Token::Comparison("!=")) => Comparison::Unequal,
            _ => return Err(self.wrong("a comparison: <, <=, >, >=, == or !=")),
        };
        self.at += 1;
        Ok(comparison)
    }

    fn comparison(&mut self) -> Result<(Comparison, f64), ParseError> {
        let comparison = self.comparison_sign()?;
        match self.next() {
            Some((Token::Number(number), _)) => Ok((comparison, number)),
            _ => {
                self.at -= 1;
                Err(self.wrong("a number"))
            }
        }
    }
}

fn one_or(mut parts: Vec<Expression>, many: fn(Vec<Expression>) -> Expression) -> Expression {
    match parts.len() {
        1 => parts.remove(0),
        _ => many(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_the_card_are_read() {
        for text in [
            "asked(pain_onset)",
            "before(asked(leg_swelling), ordered(ct_angiography))",
            "ordered(mri)",
            "diagnosis(rank<=3, level=exact)",
            "not diagnosis(rank<=10)",
            "asked(pain_onset, by = cardiology) and told(\"pain onset\")",
            "within(3, asked(any)) or count(ordered(any)) <= 2",
            "repeated() and not repeated(fever)",
            "said(doctor, /how are you\\/feeling/i)",
            "specialist(cardiology) joined and specialist(neurology) left",
            "team_size <= 3 and rounds < 9 and cost ≤ 900.5 and calls != 4",
            "stop_reason == referred or referred() or referred(\"Emergency room\")",
            "leaked(truth) and (questions > 1 or not (minutes >= 3))",
            "diagnosis(name=\"GERD\", rank=1) or diagnosed()",
        ] {
            if let Err(error) = parse(text) {
                panic!("{text}: {error} at {:?}", error.span);
            }
        }
    }

    #[test]
    fn and_binds_before_or() {
        let Ok(Expression::One(parts)) = parse("rounds > 1 and rounds < 3 or leaked(truth)") else {
            panic!("expected an or");
        };
        assert!(matches!(
            parts.as_slice(),
            [Expression::All(_), Expression::Atom(..)]
        ));
    }

    #[test]
    fn faults_point_to_their_place() {
        for (text, part, what) in [
            ("askd(fever)", "askd", "unknown statement `askd`"),
            ("asked(fever", "", "expected `)`, got the end"),
            ("before(asked(a), rounds)", "rounds", "unknown act `rounds`"),
            ("rounds 3", "3", "expected a comparison"),
            ("said(nurse, /x/)", "nurse", "unknown role `nurse`"),
            ("said(doctor, /(/)", "/(/", "no regular expression"),
            (
                "asked(fever) asked(cough)",
                "asked",
                "expected `and`, `or` or the end",
            ),
            ("asked(\"fever)", "\"fever)", "is not closed"),
            ("diagnosis(level=near)", "near", "unknown level `near`"),
            ("stop_reason == tired", "tired", "unknown reason `tired`"),
            ("asked(fever) & rounds < 3", "&", "expected a word"),
            ("", "", "expected a statement"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.what.contains(what), "{text}: {}", error.what);
            assert_eq!(&text[error.span.clone()], part, "{text}: {error}");
        }
        assert_eq!(
            parse("askd(fever)").unwrap_err().help.as_deref(),
            Some("did you mean `asked`?")
        );
        let deep = format!("{}rounds > 1", "not ".repeat(100));
        assert!(parse(&deep).is_err());
    }
}
