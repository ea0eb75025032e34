//! Replies of a given form.
//!
//! A [`Grammar`] belongs to one tokenizer: it holds the tree of all tokens, built once. From a
//! JSON schema, a regular expression or a grammar in Lark's notation it makes the
//! [`GrammarState`] of one reply, which says before each token what may come.
//! What a schema asks and the grammar cannot give is refused before the first token.

mod error;
mod factory;
mod keywords;
mod numbers;
mod state;
mod vocabulary;

pub use error::GrammarError;
pub use factory::Grammar;
pub use state::GrammarState;
