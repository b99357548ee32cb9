/** Makes untrusted text safe for a terminal: removes escape sequences, control characters except tab and line break, and direction marks. */
export const stripControls = (text: string): string =>
  text
    .replace(/\u001b(\[[0-?]*[ -/]*[@-~])?/g, '')
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '');
