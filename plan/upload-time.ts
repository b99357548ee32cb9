/**
 * Limit of an upload in hours. The Hub drops blobs that no commit refers to after 20 h; two hours are left for other
 * steps.
 */
export const UPLOAD_HOURS = 18;

/** Returns the lowest rate, in bytes per second, that uploads these bytes in time for their commit. */
export const rateThatFits = (bytes: number): number => Math.ceil(bytes / (UPLOAD_HOURS * 3600));
