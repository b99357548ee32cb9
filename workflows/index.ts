export { publishArtifact } from './publish-artifact.js';
export { publishEntry } from './publish-entry.js';
export { revalidate } from './revalidate.js';
