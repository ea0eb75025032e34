//! Splits a predicate into tokens with their places.

use std::ops::Range;

use super::parse::ParseError;

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A bare word.
    Word(String),
    /// A text in quotes.
    Quoted(String),
    /// A regular expression between slashes, with `(?i)` before it when it ends with `/i`.
    Regex(String),
    /// A number.
    Number(f64),
    /// `(`, `)`, `,` or `=`.
    Sign(char),
    /// `<`, `<=`, `>`, `>=`, `==` or `!=`.
    Comparison(&'static str),
}

impl Token {
    /// The token in words, for messages.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Word(word) => format!("`{word}`"),
            Self::Quoted(text) => format!("{text:?}"),
            Self::Regex(_) => "a regular expression".to_owned(),
            Self::Number(number) => format!("{number}"),
            Self::Sign(sign) => format!("`{sign}`"),
            Self::Comparison(sign) => format!("`{sign}`"),
        }
    }
}

const COMPARISONS: [&str; 9] = ["<=", ">=", "==", "!=", "≤", "≥", "≠", "<", ">"];

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '-' | '@' | '.')
}

/// All tokens of `text`.
///
/// # Errors
/// The first letter that begins no token, or a quote or slash that is not closed.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, Range<usize>)>, ParseError> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(letter) = text[at..].chars().next() {
        let rest = &text[at..];
        let start = at;
        if letter.is_whitespace() {
            at += letter.len_utf8();
            continue;
        }
        if let Some(sign) = COMPARISONS.iter().find(|sign| rest.starts_with(**sign)) {
            at += sign.len();
            let plain = match *sign {
                "≤" => "<=",
                "≥" => ">=",
                "≠" => "!=",
                sign => sign,
            };
            out.push((Token::Comparison(plain), start..at));
            continue;
        }
        let token = match letter {
            '(' | ')' | ',' | '=' => {
                at += 1;
                Token::Sign(letter)
            }
            '"' | '\'' => {
                let (inner, length) = closed(rest, letter, start)?;
                at += length;
                Token::Quoted(inner)
            }
            '/' => {
                let (inner, length) = closed(rest, '/', start)?;
                at += length;
                if text[at..].starts_with('i') {
                    at += 1;
                    Token::Regex(format!("(?i){inner}"))
                } else {
                    Token::Regex(inner)
                }
            }
            _ if is_word(letter) => {
                let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                at += end;
                let word = &rest[..end];
                match word.parse::<f64>() {
                    Ok(number) if number.is_finite() => Token::Number(number),
                    _ => Token::Word(word.to_owned()),
                }
            }
            _ => {
                return Err(ParseError::new(
                    start..start + letter.len_utf8(),
                    format!("expected a word, got {letter:?}"),
                ));
            }
        };
        out.push((token, start..at));
    }
    Ok(out)
}

/// The text between the quote that `rest` begins with and the next one, and the length of both
/// with their quotes. A quote after a backslash is part of the text.
fn closed(rest: &str, quote: char, start: usize) -> Result<(String, usize), ParseError> {
    let mut inner = String::new();
    let mut letters = rest.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == quote {
            return Ok((inner, at + letter.len_utf8()));
        }
        if letter == '\\'
            && let Some((_, next)) = letters.next_if(|(_, next)| *next == quote)
        {
            inner.push(next);
            continue;
        }
        inner.push(letter);
    }
    let why = format!("this {quote} is not closed");
    Err(ParseError::new(start..start + rest.len(), why))
}
