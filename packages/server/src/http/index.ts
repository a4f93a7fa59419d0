/** What another server of this machine needs: who may use it, limits of bodies, errors, a socket. */
export { badRequest, RequestError, ServerError } from '../errors.ts';
export { isLoopbackName, requireOwnHost } from './access.ts';
export { ByteBudget } from './byte-budget.ts';
export { jsonBody } from './json-body.ts';
export { readBody } from './read-body.ts';
export { openSocket, requireFreeAddress, type Socket, type SocketOptions } from './socket.ts';
export { withinTime } from './within-time.ts';
