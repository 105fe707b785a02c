//! The races of interaction-models section 7 (b).
