/** The value of a header that may have been sent more than once; undefined where it was not sent. */
export const firstHeader = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);
