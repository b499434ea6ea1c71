// As much of Expo's modules as the example uses, so that it can be type-checked where they are not installed.

declare module 'expo-crypto' {
  export const CryptoDigestAlgorithm: { readonly SHA256: 'SHA-256' }
  export function digest(algorithm: 'SHA-256', bytes: Uint8Array): Promise<ArrayBuffer>
  export function getRandomBytes(count: number): Uint8Array
}

declare module 'expo-secure-store' {
  export function getItemAsync(key: string): Promise<string | null>
  export function setItemAsync(key: string, value: string): Promise<void>
  export function deleteItemAsync(key: string): Promise<void>
}

declare module 'expo-web-browser' {
  export function openAuthSessionAsync(url: string, redirectUri: string): Promise<{ readonly type: string; readonly url?: string }>
}

declare module 'react-native' {
  import type { FunctionComponent, PropsWithChildren } from 'react'
  export const Button: FunctionComponent<{ readonly title: string; readonly onPress: () => void }>
  export const Text: FunctionComponent<PropsWithChildren>
  export const View: FunctionComponent<PropsWithChildren>
}
