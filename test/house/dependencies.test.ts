import { describe, expect, test } from '@jest/globals'
import { filesInTheTree, read } from './tree.ts'

type Versions = Readonly<Record<string, string>>
type Manifest = {
  readonly dependencies: Versions
  readonly devDependencies: Versions
  readonly optionalDependencies: Versions
}
type Locked = {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly dev?: boolean
}

const manifest = JSON.parse(read('package.json')) as Manifest
const lock = JSON.parse(read('package-lock.json')) as {
  readonly packages: Readonly<Record<string, Locked>>
}
const wanted = {
  ...manifest.dependencies,
  ...manifest.devDependencies,
  ...manifest.optionalDependencies,
}
const locked = Object.entries(lock.packages).filter(([path]) => path !== '')

describe('dependencies', () => {
  test('each is pinned to one version, and the lock file names the same', () => {
    const EXACT = /^\d+\.\d+\.\d+$/
    expect(Object.entries(wanted).filter(([, version]) => !EXACT.test(version))).toEqual([])
    for (const [name, version] of Object.entries(wanted)) {
      expect({ name, version: lock.packages[`node_modules/${name}`]?.version }).toEqual({
        name,
        version,
      })
    }
  })

  test('the lock file has no download address: each machine asks its own registry', () => {
    expect(locked.filter(([, entry]) => entry.resolved !== undefined)).toEqual([])
    expect(read('package-lock.json')).not.toMatch(/https?:\/\/[^"]+\.(tgz|tar\.gz)/)
  })

  test('no file of ours names a registry', () => {
    const settings = filesInTheTree().filter((path) => /(^|\/)\.(npmrc|yarnrc.*)$/.test(path))
    expect(settings.filter((path) => /registry\s*=|\/\/.+:_/.test(read(path)))).toEqual([])
  })

  test('whatever the product runs on is checked by its digest when it is unpacked', () => {
    const product = locked.filter(([, entry]) => entry.dev !== true)
    expect(product.filter(([, entry]) => entry.integrity?.startsWith('sha512-') !== true)).toEqual(
      [],
    )
  })
})
