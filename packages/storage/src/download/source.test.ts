import { describe, expect, it } from 'vitest';
import { TransferRefusal } from './faults.ts';
import { readAddress } from './source.ts';

const none = { hasHash: false, allowLoopbackHttp: false };
const hash = { ...none, hasHash: true };
const loopback = { ...none, allowLoopbackHttp: true };
const secure = new URL('https://a.example/x/y');
const plain = new URL('http://a.example/x/y');

describe('readAddress', () => {
  it.each([
    ['https://a.example/b?c=d', none, undefined, 'https://a.example/b?c=d'],
    ['http://a.example/b', hash, undefined, 'http://a.example/b'],
    ['http://127.0.0.1:80/b', loopback, undefined, 'http://127.0.0.1/b'],
    ['http://localhost/b', loopback, undefined, 'http://localhost/b'],
    ['http://[::1]/b', loopback, undefined, 'http://[::1]/b'],
    ['../z', none, secure, 'https://a.example/z'],
    ['//b.example/z', none, secure, 'https://b.example/z'],
    ['https://b.example/z', none, secure, 'https://b.example/z'],
    ['https://b.example/z', hash, plain, 'https://b.example/z'],
    ['http://b.example/z', hash, plain, 'http://b.example/z'],
  ])('accepts %s %j from %s', (text, rules, from, expected) => {
    expect(readAddress(text, rules, from).href).toBe(expected);
  });

  it.each([
    ['http://a.example/b', none, undefined],
    ['http://a.example/b', loopback, undefined],
    ['http://127.0.0.1.a.example/b', loopback, undefined],
    ['http://localhost.a.example/b', loopback, undefined],
    ['ftp://a.example/b', hash, undefined],
    ['a.example/b', none, undefined],
    ['', none, undefined],
    ['https://user@a.example/b', none, undefined],
    ['https://:word@a.example/b', none, secure],
    // Never from https to http, even with a hash.
    ['http://a.example/b', hash, secure],
    ['http://127.0.0.1/b', loopback, secure],
    ['data:,x', hash, secure],
    ['https://', none, secure],
  ])('rejects %s %j from %s', (text, rules, from) => {
    expect(() => readAddress(text, rules, from)).toThrow(TransferRefusal);
  });
});
