/**
 * The one door to @peculiar/x509: it throws unless `reflect-metadata` was imported before it, and it looks for
 * a global `crypto` unless it is handed one.
 */
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { cryptoProvider } from '@peculiar/x509'

cryptoProvider.set(webcrypto)

export * from '@peculiar/x509'
