import { Secret } from '../../core/secret.js';
import { THIS_MACHINE } from '../../core/this-machine.js';
import { openHub, type Hub } from '../../hub/hub.js';

/** The Hub at an address, with a token, over HTTP. */
export const hubAt = (url: string, token: string): Hub => openHub({ endpoint: new URL(url), token: new Secret(token) }, THIS_MACHINE);
