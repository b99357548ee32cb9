/**
 * What tells a stand-in from larql: the last line of every `--help`. `--version` says what larql says, as other
 * programs read that. No larql prints this; a worker that must not run a stand-in asks `extract --help`.
 */
export const STAND_IN_MARKER = 'Stand-in for larql, from the tests and the demo of skulk-weights-publisher: not larql.';
