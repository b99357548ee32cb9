/**
 * What tells the stand-in from larql: the last line of every `--help` and the second line of its launcher. `--version` says what
 * larql says, as other programs read that. No larql prints this, so who must not run a stand-in asks `extract --help`.
 */
export const STAND_IN_MARKER = 'Stand-in for larql, from the tests and the demo of skulk-weights-publisher: not larql.';
