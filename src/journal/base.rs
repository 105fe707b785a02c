//! What a history goes on from once its beginning has gone (design D15): parts of any length, kept in pieces of a bounded
//! one, so that no row has to hold all of it and nobody who appends has to wait for all of it.

use super::Error;

/// The bytes of a piece, so few that whoever appends meanwhile hardly notices it.
pub const PIECE_BYTES: usize = 128 * 1024;

/// What parts end with, which none of them has inside.
const END: u8 = b'\n';

/// What stands for the records that are not kept.
pub struct Base<'a> {
    /// The last of them.
    pub sequence: u64,
    /// What they come to: texts without line breaks, in the order in which they were laid. All of them are good only once
    /// they came to their end without an error.
    pub parts: Box<dyn Iterator<Item = Result<Vec<u8>, Error>> + 'a>,
}

/// Cuts parts, texts without line breaks, into pieces, of which only the last is shorter than [`PIECE_BYTES`].
pub fn pieces_of<E>(
    parts: impl Iterator<Item = Result<Vec<u8>, E>>,
) -> impl Iterator<Item = Result<Vec<u8>, E>> {
    let mut parts = parts.fuse();
    let (mut part, mut cut) = (Vec::new(), 0);
    std::iter::from_fn(move || {
        let mut piece = Vec::new();
        while piece.len() < PIECE_BYTES {
            if cut == part.len() {
                part = match parts.next() {
                    None => break,
                    Some(Ok(part)) => part,
                    Some(Err(error)) => return Some(Err(error)),
                };
                part.push(END);
                cut = 0;
            }
            let until = part.len().min(cut + PIECE_BYTES - piece.len());
            piece.extend(&part[cut..until]);
            cut = until;
        }
        (!piece.is_empty()).then_some(Ok(piece))
    })
}

/// The parts that pieces were cut from. A last one without its end is a part, too: formats before 7 had but one.
pub(super) fn parts_of<E>(
    mut pieces: impl Iterator<Item = Result<Vec<u8>, E>>,
) -> impl Iterator<Item = Result<Vec<u8>, E>> {
    let (mut piece, mut read) = (Vec::new(), 0);
    std::iter::from_fn(move || {
        let mut part = Vec::new();
        loop {
            let rest: &[u8] = &piece[read..];
            if let Some(len) = rest.iter().position(|byte| *byte == END) {
                part.extend(&rest[..len]);
                read += len + 1;
                return Some(Ok(part));
            }
            part.extend(rest);
            read = 0;
            piece = match pieces.next() {
                Some(Ok(piece)) => piece,
                Some(Err(error)) => {
                    piece.clear();
                    return Some(Err(error));
                }
                None => {
                    piece.clear();
                    return (!part.is_empty()).then_some(Ok(part));
                }
            };
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Never = std::convert::Infallible;

    fn cut(parts: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let parts = parts.iter().cloned().map(Ok::<_, Never>);
        pieces_of(parts).map(|Ok(piece)| piece).collect()
    }

    fn put_together(pieces: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        let pieces = pieces.into_iter().map(Ok::<_, Never>);
        parts_of(pieces).map(|Ok(part)| part).collect()
    }

    #[test]
    fn parts_of_any_length_are_what_their_pieces_are_put_together_to() {
        // With the line break that ends it: less than a piece, just one, a byte more.
        let (short, one, more) = (PIECE_BYTES - 2, PIECE_BYTES - 1, PIECE_BYTES);
        for lens in [
            vec![],
            vec![0],
            vec![short],
            vec![one],
            vec![more],
            vec![one, one],
            vec![3, 0, 5],
            vec![10 * PIECE_BYTES, 1, short, more],
        ] {
            let parts: Vec<Vec<u8>> = lens.iter().map(|len| vec![b'x'; *len]).collect();
            let pieces = cut(&parts);
            if let Some((last, others)) = pieces.split_last() {
                assert!(others.iter().all(|it| it.len() == PIECE_BYTES), "{lens:?}");
                assert!((1..=PIECE_BYTES).contains(&last.len()), "{lens:?}");
            }
            assert!(put_together(pieces) == parts, "{lens:?}");
        }
    }

    #[test]
    fn a_part_that_nothing_ends_is_the_last() {
        let pieces = vec![b"one\ntw".to_vec(), b"o".to_vec()];
        assert_eq!(put_together(pieces), [b"one", b"two"]);
    }

    #[test]
    fn what_cannot_be_had_is_said_and_not_left_out() {
        let parts = [Ok(b"one".to_vec()), Err("gone")];
        assert_eq!(pieces_of(parts.into_iter()).next(), Some(Err("gone")));
        let pieces = [Ok(b"one\ntw".to_vec()), Err("gone"), Ok(b"o\n".to_vec())];
        let parts: Result<Vec<_>, _> = parts_of(pieces.into_iter()).collect();
        assert_eq!(parts, Err("gone"));
    }
}
