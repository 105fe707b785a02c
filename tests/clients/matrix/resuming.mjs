// Replay: what came after a sequence is told again, or the client is told to begin anew.

export const resuming = {};
