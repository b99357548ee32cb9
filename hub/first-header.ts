/** Returns the first value of a header, or undefined if the header is absent. */
export const firstHeader = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);
