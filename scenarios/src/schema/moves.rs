//! The moves of a plan.

use rounds_environments::clinic::knowledge::Knowledge;
use rounds_policies::clinic::plan::Move;

use super::diagnostics::{Problem, ProblemKind};
use super::reader::TableReader;
use super::values::{items, string};

/// Reads an array of moves, of which the last must end the visit.
pub(super) fn read_moves(table: &mut TableReader<'_>, key: &'static str) -> Vec<String> {
    let nodes = table.get(key, items).unwrap_or_default();
    let knowledge = Knowledge::builtin();
    let mut moves = Vec::new();
    let mut ends = true;
    for node in nodes {
        let text = match string(node) {
            Ok(text) => text,
            Err(fault) => {
                table.note(fault.at(node, &table.name(key)));
                return moves;
            }
        };
        match Move::read(&text, &knowledge) {
            Ok(read) => ends = matches!(read, Move::Diagnose(_) | Move::Refer(_)),
            Err(error) => table.note(Problem::at(
                &node.origin,
                ProblemKind::Syntax,
                "this move cannot be read",
                error.to_string(),
            )),
        }
        moves.push(text);
    }
    if let Some(last) = nodes.last().filter(|_| !ends) {
        let message = "the plan does not end the visit";
        let label = "expected diagnose or refer as the last move";
        table.note(Problem::at(
            &last.origin,
            ProblemKind::OutOfRange,
            message,
            label,
        ));
    }
    moves
}
