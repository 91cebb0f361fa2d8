(* Kraft's inequality: the words of a code of which none begins another have a mass, the sum of 2^-length, of at most
   1.
   Matters for: W-exponent-entropy; with Gibbs it says that no code beats the entropy (LosslessCode.v). *)
From Coq Require Import Reals Lra Psatz Lia Arith List Bool.
Import ListNotations.
Open Scope R_scope.

Definition word := list bool.

Fixpoint begins (p w : word) : bool :=
  match p, w with [], _ => true | x :: p', y :: w' => Bool.eqb x y && begins p' w' | _ :: _, [] => false end.

(* no word begins another, none occurs twice *)
Definition prefix_free (ws : list word) := ForallOrdPairs (fun u v => begins u v = false /\ begins v u = false) ws.
Definition mass (ws : list word) := fold_right (fun w a => (1/2)^(length w) + a) 0 ws.

(* what follows the first bit b *)
Definition after (b : bool) (ws : list word) : list word :=
  flat_map (fun w => match w with x :: r => if Bool.eqb x b then [r] else [] | [] => [] end) ws.

Lemma mass_nonneg ws : 0 <= mass ws.
Proof. induction ws; simpl; [lra|]. assert (0 <= (1/2)^(length a)) by (apply pow_le; lra). lra. Qed.

Lemma mass_splits ws : ~ In [] ws -> mass ws = (mass (after true ws) + mass (after false ws)) / 2.
Proof.
  induction ws as [|w ws IH]; intros N; simpl; [lra|]. rewrite IH by (intros H; apply N; right; auto).
  destruct w as [|b w]; [exfalso; apply N; left; auto|]. destruct b; simpl; lra.
Qed.

Lemma after_in b r ws : In r (after b ws) -> In (b :: r) ws.
Proof.
  intros H. apply in_flat_map in H. destruct H as ([|x w] & I & J); [destruct J|].
  destruct (Bool.eqb x b) eqn:E; [|destruct J]. apply eqb_prop in E. destruct J as [J|[]]. subst. auto.
Qed.

Lemma after_prefix_free b ws : prefix_free ws -> prefix_free (after b ws).
Proof.
  induction 1 as [|w ws F O IH]; [constructor|]. simpl. destruct w as [|x w]; [exact IH|].
  destruct (Bool.eqb x b) eqn:E; [|exact IH]. apply eqb_prop in E. subst x. simpl. constructor; auto.
  apply Forall_forall. intros r I. apply after_in in I. rewrite Forall_forall in F. specialize (F _ I).
  simpl in F. rewrite eqb_reflx in F. simpl in F. exact F.
Qed.

Lemma after_length b ws n : (forall w, In w ws -> (length w <= S n)%nat) -> forall w, In w (after b ws) -> (length w
  <= n)%nat.
Proof. intros H w I. apply after_in in I. specialize (H _ I). simpl in H. lia. Qed.

Lemma empty_word_alone ws : prefix_free ws -> In [] ws -> ws = [[]].
Proof.
  intros P I. induction P as [|w ws F O IH]; [destruct I|]. rewrite Forall_forall in F. destruct I as [E|I].
  - subst. destruct ws as [|v ws]; auto. specialize (F v (or_introl eq_refl)). simpl in F. destruct F; discriminate.
  - specialize (F _ I). simpl in F. destruct F; discriminate.
Qed.

Theorem kraft ws : prefix_free ws -> mass ws <= 1.
Proof.
  intros P. assert (G : forall n ws, prefix_free ws -> (forall w, In w ws -> (length w <= n)%nat) -> mass ws <= 1).
  { clear. induction n; intros ws P L.
    - destruct ws as [|w ws]; [simpl; lra|]. assert (w = []).
      { specialize (L w (or_introl eq_refl)). destruct w; auto. simpl in L. lia. } subst.
      rewrite (empty_word_alone _ P (or_introl eq_refl)). simpl. lra.
    - destruct (in_dec (list_eq_dec bool_dec) [] ws) as [I|N].
      + rewrite (empty_word_alone _ P I). simpl. lra.
      + rewrite mass_splits by auto.
        assert (mass (after true ws) <= 1) by (apply IHn; [apply after_prefix_free; auto|apply after_length; auto]).
        assert (mass (after false ws) <= 1) by (apply IHn; [apply after_prefix_free; auto|apply after_length;
          auto]). lra. }
  apply (G (fold_right Nat.max 0%nat (map (@length bool) ws))); auto.
  clear. intros w I. induction ws as [|v ws IH]; [destruct I|]. simpl. destruct I as [E|I]; [subst; lia|].
  specialize (IH I). lia.
Qed.
