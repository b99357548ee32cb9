export { publishArtifact } from './publish-artifact.js';
export { publishCampaign } from './publish-campaign.js';
export { publishEntry } from './publish-entry.js';
export { revalidate } from './revalidate.js';
