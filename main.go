// Command helpdesk is a mail channel for Bitrix24: letters become tasks, specialists' comments become letters.
package main

func main() {}
