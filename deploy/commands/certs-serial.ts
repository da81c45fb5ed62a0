/** A serial number as people have it: hexadecimal with or without colons, or in the certificate's file. */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { CertsFolderFault } from '../../adapters/certs-folder/certs-folder.ts'

export function serialFrom(which: string): string {
  const typed = which.replaceAll(':', '')
  const text = /^[0-9a-fA-F]{2,40}$/.test(typed) ? typed : serialInFile(which)
  return text.toLowerCase().replace(/^0+(?=.)/, '')
}

function serialInFile(path: string): string {
  try {
    return new X509Certificate(readFileSync(path)).serialNumber
  } catch (cause) {
    throw new CertsFolderFault(`${path} is neither a serial number nor a certificate's file`, {
      cause,
    })
  }
}
