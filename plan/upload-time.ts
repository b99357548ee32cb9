/** The Hub drops blobs that no commit refers to after 20 h; two of them are kept for what comes between. */
export const UPLOAD_HOURS = 18;

/** Bytes a second at which so many bytes go out in time for their commit. */
export const rateThatFits = (bytes: number): number => Math.ceil(bytes / (UPLOAD_HOURS * 3600));
