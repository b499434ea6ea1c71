import { useState } from 'react'
import { CryptoDigestAlgorithm, digest, getRandomBytes } from 'expo-crypto'
import { deleteItemAsync, getItemAsync, setItemAsync } from 'expo-secure-store'
import { openAuthSessionAsync } from 'expo-web-browser'
import { Button, Text, View } from 'react-native'
import { signIn, type Phone } from './sign-in.ts'

const phone: Phone = {
  openAuthSessionAsync,
  getRandomBytes,
  sha256: (bytes) => digest(CryptoDigestAlgorithm.SHA256, bytes),
  store: { getItemAsync, setItemAsync, deleteItemAsync },
}

export function App() {
  const [status, setStatus] = useState('Nobody is signed in.')
  const begin = async (): Promise<void> => {
    const access = await signIn(phone, 'https://erp.example.com', 'the-id-of-this-app')
    if (access === undefined) return
    setStatus(`Hello, ${String(await access.client.call('frappe.auth.get_logged_user', {}, { httpMethod: 'GET' }))}`)
  }
  return (
    <View>
      <Text>{status}</Text>
      <Button
        title="Sign in"
        onPress={() => {
          begin().catch((error: unknown) => setStatus(error instanceof Error ? error.message : String(error)))
        }}
      />
    </View>
  )
}
